"""Control: which perturbation makes the network do what is wanted; arrays in, arrays out."""
