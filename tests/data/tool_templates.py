"""Chat templates in the manner of the large families, each with its own way of writing tools; and a tokenizer."""

from __future__ import annotations

from typing import Any

from tests.tiny_chat import TEMPLATE, tiny_tokenizer

QWEN_LIKE = """
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content + '\\n\\n' }}{% endif %}# Tools
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools><|im_end|>
{% elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}<|im_end|>
{% endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant' }}
{%- if message.content %}{{ '\\n' + message.content }}{% endif %}
{%- for call in message.tool_calls %}
{%- if call.function is defined %}{% set call = call.function %}{% endif %}
{{- '\\n<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}{{ call.arguments | tojson }}
{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{ '<|im_start|>user' }}{% endif %}
{{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
{%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{ '<|im_end|>\\n' }}{% endif %}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
THINKING_LIKE = """
{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool | tojson }}{% endfor %}<|im_end|>
{% endif %}
{%- for message in messages %}
{%- set last = loop.last %}
{%- if message.role == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}
{%- if message.reasoning_content %}{{ '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}
{%- elif last %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{{- message.content }}
{%- for call in message.tool_calls %}
{%- if message.content or not loop.first %}{{ '\\n' }}{% endif %}
{{- '<tool_call>' }}{{ call.function.name }}
{%- for key, value in call.function.arguments.items() %}{{ '<arg>' + key + '=' + value | string }}{% endfor %}
{{- '</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- else %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}
"""
LLAMA_LIKE = """
{%- if messages[0].role == 'system' %}{% set system = messages[0].content | trim %}{% set messages = messages[1:] %}
{%- else %}{% set system = '' %}{% endif %}
{{- '<|im_start|>system\\n\\n' + system + '<|im_end|>' }}
{%- if tools %}
{%- set asked = messages[0].content | trim %}{% set messages = messages[1:] %}
{{- '<|im_start|>user\\n\\nRespond with a call of a function.\\n\\n' }}
{%- for tool in tools %}{{ tool | tojson(indent=4) }}{{ '\\n\\n' }}{% endfor %}
{{- asked + '<|im_end|>' }}
{%- endif %}
{%- for message in messages %}
{%- if message.tool_calls %}
{%- if message.tool_calls | length != 1 %}{{ raise_exception('Only single tool calls are supported') }}{% endif %}
{%- set call = message.tool_calls[0].function %}
{{- '<|im_start|>assistant\\n\\n{"name": "' + call.name + '", "parameters": ' }}{{ call.arguments | tojson }}
{{- '}<|im_end|>' }}
{%- elif message.role == 'tool' %}{{ '<|im_start|>ipython\\n\\n' }}{{ message.content | tojson }}{{ '<|im_end|>' }}
{%- else %}{{ '<|im_start|>' + message.role + '\\n\\n' + message.content | trim + '<|im_end|>' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n\\n' }}{% endif %}
"""
MISTRAL_LIKE = """
{%- set asked = messages | selectattr('role', 'equalto', 'user') | list %}
{{- bos_token }}
{%- for message in messages %}
{%- if message.role == 'user' %}
{%- if tools and message == asked[-1] %}{{ '[TOOLS]' }}{{ tools | tojson }}{{ '[/TOOLS]' }}{% endif %}
{{- '[INST] ' + message.content + '[/INST]' }}
{%- elif message.tool_calls %}
{{- '[CALLS] [' }}
{%- for call in message.tool_calls %}
{%- if not call.id or call.id | length != 9 %}{{ raise_exception('An id has nine letters') }}{% endif %}
{{- call.function | tojson }}{{ ' ' + call.id }}{% if not loop.last %}{{ ', ' }}{% endif %}
{%- endfor %}
{{- ']' + eos_token }}
{%- elif message.role == 'assistant' %}{{ ' ' + message.content + eos_token }}
{%- elif message.role == 'tool' %}{{ '[RESULTS] ' + message.content + ' ' + message.tool_call_id + '[/RESULTS]' }}
{%- else %}{{ raise_exception('Only user, assistant and tool') }}
{%- endif %}
{%- endfor %}
"""
TEXT_ARGUMENTS = """
{%- for message in messages %}
{%- if message.role == 'assistant' and message.tool_calls %}
{{- '<|im_start|>assistant\\n' + message.content }}
{%- for call in message.tool_calls %}{{ call.function.name + '(' + call.function.arguments + ')' }}{% endfor %}
{{- '<|im_end|>\\n' }}
{%- else %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
"""It knows calls, whose arguments it reads as text, but no definitions."""
NO_TOOLS = TEMPLATE


def tokenizer_of(template: Any) -> Any:
    """Return the tiny tokenizer with a template, and with a token for a mark that is no special one."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
    tokenizer.chat_template = template
    return tokenizer
