"""What an estimate returns, how it is stored, and how it is drawn."""
