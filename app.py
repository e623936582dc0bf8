"""The entry point, of a laptop and of a Hugging Face Space: ``python app.py``."""

from ia3_studio.ui.app import serve

if __name__ == "__main__":
    serve()
