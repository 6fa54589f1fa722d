"""An OpenAI-compatible server, asked over HTTP."""
