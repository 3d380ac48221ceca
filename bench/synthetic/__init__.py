"""GGUF files of Gemma 4's true shapes with random weights, made by bench/make_model."""
