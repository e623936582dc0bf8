"""How does the studio look? One theme: local fonts, one accent, light and dark."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color

STYLESHEET = Path(__file__).with_name("studio.css")
FIXES = Path(__file__).with_name("page_fixes.js")

ACCENT = Color(
    name="studio",
    c50="#effaf8",
    c100="#d6f2ed",
    c200="#aee4db",
    c300="#7bcfc3",
    c400="#45b3a5",
    c500="#1f968a",
    c600="#0f786f",
    c700="#0d615b",
    c800="#0e4d49",
    c900="#0f403d",
    c950="#042523",
)

PAGE = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "#0b1220",
    "body_text_color": "*neutral_800",
    "body_text_color_subdued": "*neutral_500",
    "body_text_color_subdued_dark": "*neutral_400",
    "background_fill_primary": "white",
    "background_fill_primary_dark": "#111a2b",
    "background_fill_secondary": "*neutral_50",
    "background_fill_secondary_dark": "#0b1220",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "#24314a",
    "link_text_color": "*primary_700",
    "link_text_color_dark": "*primary_300",
    "color_accent_soft": "*primary_50",
    "color_accent_soft_dark": "#12302f",
    "table_even_background_fill_dark": "#111a2b",
    "table_odd_background_fill_dark": "#0e1626",
}
"""Page, panels and text."""

BLOCKS = {
    "block_background_fill": "transparent",
    "block_background_fill_dark": "transparent",
    "block_border_width": "0px",
    "block_border_width_dark": "0px",
    "block_padding": "0px",
    "block_radius": "10px",
    "form_gap_width": "0px",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_border_width": "0px",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_300",
    "block_title_text_color": "*neutral_700",
    "block_title_text_color_dark": "*neutral_200",
    "block_title_text_weight": "600",
    "block_title_text_size": "13.5px",
    "block_info_text_size": "12.5px",
    "block_info_text_color": "*neutral_500",
    "block_info_text_color_dark": "*neutral_400",
    "block_shadow": "none",
    "block_shadow_dark": "none",
}
"""What stands around a component: nothing but its label."""

FIELDS = {
    "input_background_fill": "white",
    "input_background_fill_dark": "#0b1220",
    "input_border_width": "1px",
    "input_border_width_dark": "1px",
    "input_padding": "8px 12px",
    "input_radius": "8px",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "#33425e",
    "input_border_color_focus": "*primary_500",
    "input_border_color_focus_dark": "*primary_400",
    "slider_color": "*primary_600",
    "slider_color_dark": "*primary_400",
}
"""What is filled in."""

BUTTONS = {
    "button_border_width": "1px",
    "button_border_width_dark": "1px",
    "button_large_radius": "9px",
    "button_medium_radius": "8px",
    "button_small_radius": "7px",
    "button_large_padding": "10px 20px",
    "button_large_text_size": "15px",
    "button_transition": "background-color 0.15s, border-color 0.15s",
    "button_primary_border_color": "*primary_600",
    "button_primary_border_color_dark": "*primary_600",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_dark": "*primary_600",
    "button_primary_background_fill_hover_dark": "*primary_500",
    "button_primary_text_color": "white",
    "button_primary_text_color_dark": "white",
    "button_secondary_background_fill": "white",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_dark": "#18233a",
    "button_secondary_background_fill_hover_dark": "#22304c",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "#33425e",
    "button_large_text_weight": "600",
    "button_medium_text_weight": "500",
    "button_secondary_text_color": "*neutral_800",
    "button_secondary_text_color_dark": "*neutral_100",
}
"""Sizes, then the primary and the secondary kind."""

CHECKBOXES = {
    "checkbox_label_background_fill": "*background_fill_primary",
    "checkbox_label_background_fill_dark": "#18233a",
    "checkbox_label_background_fill_selected": "*primary_50",
    "checkbox_label_background_fill_selected_dark": "#12302f",
    "checkbox_label_border_width": "1px",
    "checkbox_label_border_width_dark": "1px",
    "checkbox_label_border_color": "*neutral_300",
    "checkbox_label_border_color_dark": "#33425e",
    "checkbox_label_border_color_selected": "*primary_500",
    "checkbox_label_border_color_selected_dark": "*primary_500",
    "checkbox_label_text_color_selected": "*neutral_900",
    "checkbox_label_text_color_selected_dark": "white",
    "checkbox_label_shadow": "none",
    "checkbox_background_color_selected": "*primary_600",
    "checkbox_border_color_selected": "*primary_600",
}
"""Drawn as chips."""


def studio_theme() -> gr.themes.Base:
    """Return the theme of the page."""
    theme = gr.themes.Base(
        primary_hue=ACCENT,
        secondary_hue=ACCENT,
        neutral_hue="slate",
        radius_size="md",
        font=[gr.themes.Font("ui-sans-serif"), "system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"],
        font_mono=[gr.themes.Font("ui-monospace"), "SF Mono", "Cascadia Mono", "Menlo", "Consolas", "monospace"],
    )
    return theme.set(**PAGE, **BLOCKS, **FIELDS, **BUTTONS, **CHECKBOXES)
