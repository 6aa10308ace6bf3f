"""Evaluation of a checkpoint: a classifier, measurements of samples and of whole jobs, and pages that report them."""
