"""How does a figure learn that its window has another width?"""

from __future__ import annotations

FIT = "() => { requestAnimationFrame(() => window.dispatchEvent(new Event('resize'))); }"
"""Plotly misses a window that changes its size while another tab is open; told again, it takes its new width."""
