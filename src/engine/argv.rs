//! From what a container is to the arguments of the docker CLI.
