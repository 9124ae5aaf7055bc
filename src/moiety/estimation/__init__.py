"""The mutual information of one cut: critics, objectives, training, folds, evaluation."""
