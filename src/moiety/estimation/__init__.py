"""The mutual information of one cut from samples: critics, objectives, training, folds, evaluation."""
