"""Which widgets does the Chat tab have? Those of its form, drawn by field, and the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ia3_studio.chat import PRESETS
from ia3_studio.settings import chat_weights, rounds_chat_weights
from ia3_studio.ui import chat_words as words
from ia3_studio.ui import rank_panel, text
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_variants import BASE, CURRENT, MAX_RESPONSES, MAX_STRENGTH, MAX_WEIGHT
from ia3_studio.ui.components.layer_tree import LayerTree
from ia3_studio.ui.forms import Drawn
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import Session, Studio, quiet

CHATBOT_IDS = ("chat-base", "chat-tuned", "chat-third", "chat-fourth")
FIRST_COUNT = ChatForm().count
PRESET_FIELDS = ("temperature", "top_p", "top_k", "repetition_penalty")
"""Fields of the form that a preset fills."""


@dataclass(frozen=True)
class ChatWidgets:
    """The widgets of the tab that are not in its form."""

    columns: list[gr.Column]
    speeds: list[gr.HTML]
    send: gr.Button
    stop: gr.Button
    clear: gr.Button
    tokens: gr.HTML
    markdown: gr.DownloadButton
    document: gr.DownloadButton


def draw_chat(studio: Studio, session: Session, form: Drawn) -> ChatWidgets:
    """Draw the widgets of the tab; **those of the form are added to it**."""
    columns, speeds = _draw_responses(form)
    with gr.Row(elem_classes="prompt-row"):
        prompt = form.draw(
            "prompt", gr.Textbox, placeholder=text.PROMPT_HINT, lines=1, max_lines=6, scale=8, elem_id="chat-prompt"
        )
        send_button = gr.Button(text.SEND, variant="primary", scale=1, min_width=110, elem_id="chat-send")
        stop = gr.Button(text.STOP_RESPONSE, scale=1, min_width=110, visible=False, elem_id="chat-stop")
        clear = gr.Button(text.CLEAR, scale=1, min_width=110, elem_id="chat-clear")
    examples = [[example] for example in text.CHAT_EXAMPLES]
    gr.Examples(examples, prompt, label=text.CHAT_EXAMPLES_LABEL, api_visibility="private")
    form.draw("count", gr.Radio, choices=list(range(1, MAX_RESPONSES + 1)), elem_id="response-count")
    draw_sampling(form)
    with gr.Accordion(words.ACTIVE_SITES_TITLE, open=False, elem_classes="accordion"):
        form["active_sites"] = LayerTree(elem_id="active-sites", words={"empty": words.ACTIVE_SITES_EMPTY})
    _draw_merge(form)
    rank_panel.build(studio, session)
    with gr.Accordion(words.TOKENS_TITLE, open=False, elem_classes="accordion"):
        tokens = gr.HTML(words.token_view((), ()), elem_id="chat-tokens")
    with gr.Row():
        markdown = gr.DownloadButton(words.SAVE_MARKDOWN, size="md", elem_id="chat-markdown")
        document = gr.DownloadButton(words.SAVE_JSON, size="md", elem_id="chat-json")
    return ChatWidgets(columns, speeds, send_button, stop, clear, tokens, markdown, document)


def _draw_responses(form: Drawn) -> tuple[list[gr.Column], list[gr.HTML]]:
    """Draw a column for each response; return the columns and the lines on their speed."""
    columns, speeds = [], []
    with gr.Row(elem_classes="responses", equal_height=True):
        for number, chatbot_id in enumerate(CHATBOT_IDS):
            with gr.Column(min_width=280, visible=number < FIRST_COUNT, elem_classes="response") as column:
                with gr.Row(equal_height=True):
                    form.draw_next("variants", gr.Dropdown, choices=_FIRST_CHOICES, min_width=150,
                                   elem_id=f"variant-{number + 1}")  # fmt: skip
                    form.draw_next("strengths", gr.Slider, minimum=0, maximum=MAX_STRENGTH, step=0.05,
                                   label=words.STRENGTH, info=words.STRENGTH_INFO, min_width=150,
                                   visible=0 < number < FIRST_COUNT, elem_id=f"strength-{number + 1}")  # fmt: skip
                form.draw_next("histories", gr.Chatbot, show_label=False, placeholder=words.EMPTY_RESPONSE,
                               elem_id=chatbot_id, height=420, buttons=["copy", "copy_all"], layout="bubble",
                               editable="user", feedback_options=None)  # fmt: skip
                speeds.append(gr.HTML(elem_id=f"speed-{number + 1}", elem_classes="speed"))
            columns.append(column)
    return columns, speeds


_FIRST_CHOICES = [(words.BASE_MODEL, BASE), (words.NO_ADAPTER_YET, CURRENT)]


def draw_sampling(form: Drawn) -> None:
    """Draw the sampling settings; **they are added to the form**."""
    with gr.Accordion(text.SAMPLING, open=False, elem_classes="accordion"):
        preset = gr.Radio(list(PRESETS), value="Balanced", label=words.PRESET, elem_id="sampling-preset")
        with gr.Row():
            form.draw("temperature", gr.Slider, minimum=0, maximum=2, step=0.05, min_width=150,
                      info=text.TEMPERATURE_INFO)  # fmt: skip
            form.draw("top_p", gr.Slider, minimum=0.05, maximum=1, step=0.05, min_width=150, info=text.TOP_P_INFO)
            form.draw("top_k", gr.Number, minimum=0, min_width=110, info=words.TOP_K_INFO)
            form.draw("repetition_penalty", gr.Slider, minimum=1, maximum=2, step=0.05, min_width=150,
                      info=words.PENALTY_INFO)  # fmt: skip
            form.draw("max_new_tokens", gr.Slider, minimum=16, maximum=512, step=16, min_width=150,
                      info=text.MAX_NEW_TOKENS_INFO)  # fmt: skip
            form.draw("seed", gr.Number, minimum=0, min_width=110, info=text.SEED_INFO, elem_id="chat-seed")
        first = words.ROUNDED_WEIGHTS if rounds_chat_weights() else words.EXACT_WEIGHTS
        form.draw("weights", gr.Radio, choices=[(first, "exact"), (words.INT8_WEIGHTS, "int8")], value=chat_weights(),
                  info=words.WEIGHTS_INFO, elem_id="chat-weights")  # fmt: skip
        form.draw("system_prompt", gr.Textbox, info=text.SYSTEM_PROMPT_INFO, max_lines=4, max_length=4000)
    preset.input(
        use_preset, preset, [form[name] for name in PRESET_FIELDS], **quiet(queue=False, trigger_mode="always_last")
    )


def _draw_merge(form: Drawn) -> None:
    with gr.Accordion(words.MERGE_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.MERGE_WORDS))
        with gr.Row():
            form.draw("second_adapter", gr.Dropdown, choices=[], value=None, info=words.SECOND_ADAPTER_INFO,
                      min_width=200)  # fmt: skip
            form.draw("first_weight", gr.Slider, minimum=-MAX_WEIGHT, maximum=MAX_WEIGHT, step=0.05)
            form.draw("second_weight", gr.Slider, minimum=-MAX_WEIGHT, maximum=MAX_WEIGHT, step=0.05)


def use_preset(name: str) -> tuple[Any, ...]:
    """Return the values of ``PRESET_FIELDS`` of a sampling preset."""
    chosen = PRESETS.get(name)
    return tuple(getattr(chosen, field) if chosen else gr.skip() for field in PRESET_FIELDS)
