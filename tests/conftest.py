"""What several files of tests need."""

import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Threads that wait for a busy core make small networks a hundred times slower."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
