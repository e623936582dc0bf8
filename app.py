"""The entry point, of a laptop and of a Hugging Face Space: ``python app.py``."""

from ia3_studio.settings import on_zero_gpu

if on_zero_gpu():
    import ia3_studio.worker.zero_gpu  # noqa: F401  (marks what the GPU is lent for, before torch is there)

from ia3_studio.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["serve"]))
