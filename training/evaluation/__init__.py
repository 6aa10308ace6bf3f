"""How good a checkpoint is: a classifier of its own, figures over samples and over whole jobs, and the pages made of them."""
