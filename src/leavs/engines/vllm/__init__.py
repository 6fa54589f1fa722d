"""One vLLM engine in this process, spread over the GPUs of the node, or on the CPU."""
