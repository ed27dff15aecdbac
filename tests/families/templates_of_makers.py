"""Small chat templates in the shape of the makers' own: how turns open and end, where a thought stands."""

_TURN = "{{% for m in messages %}}{open}{{{{ m['role'] }}}}{head}{{{{ m['content'] }}}}{end}{{% endfor %}}"


def _turns(open, head, end, begin):
    return _TURN.format(open=open, head=head, end=end) + (
        "{% if add_generation_prompt %}" + begin + "{% endif %}"
    )


CHATML = _turns("<|im_start|>", "\n", "<|im_end|>\n", "<|im_start|>assistant\n")
SWITCHED = (
    CHATML + "{% if add_generation_prompt and enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% endif %}"
)
OPENED = CHATML + "{% if add_generation_prompt %}<think>\n{% endif %}"
DEEPSEEK = (
    "{% if not thinking is defined %}{% set thinking = true %}{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'user' %}<｜User｜>{{ m['content'] }}"
    "{% else %}<｜Assistant｜>{{ m['content'] }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<｜Assistant｜>"
    "{% if thinking %}<think>{% else %}</think>{% endif %}{% endif %}"
)
SEED = (
    "{%- if not thinking_budget is defined %}{%- set thinking_budget = -1 -%}{%- endif -%}"
    "{% for m in messages %}<seed:bos>{{ m['role'] }}\n{{ m['content'] }}<seed:eos>{% endfor %}"
    "{% if add_generation_prompt %}<seed:bos>assistant\n"
    "{% if thinking_budget == 0 %}<seed:think><seed:cot_budget_reflect>{% endif %}{% endif %}"
)
COMMAND = (
    "{% for m in messages %}<|START_OF_TURN_TOKEN|>"
    "{{ '<|USER_TOKEN|>' if m['role'] == 'user' else '<|CHATBOT_TOKEN|>' }}{{ m['content'] }}"
    "<|END_OF_TURN_TOKEN|>{% endfor %}{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"
    "{% if reasoning is defined and not reasoning %}<|START_THINKING|><|END_THINKING|>{% endif %}{% endif %}"
)
NEMOTRON = (
    "{% set ns = namespace(silent=false) %}{% for m in messages %}"
    "{% if m['role'] == 'system' and '/no_think' in m['content'] %}{% set ns.silent = true %}{% endif %}"
    "<SPECIAL_11>{{ m['role'] }}\n{{ m['content'].replace('/no_think', '') }}\n<SPECIAL_12>\n{% endfor %}"
    "{% if add_generation_prompt %}<SPECIAL_11>Assistant\n"
    "{% if ns.silent %}<think></think>{% else %}<think>\n{% endif %}{% endif %}"
)
HARMONY = (
    "{% if reasoning_effort is not defined %}{% set reasoning_effort = 'medium' %}{% endif %}"
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort }}<|end|>"
    "{% for m in messages %}{% if m['role'] == 'user' %}<|start|>user<|message|>{{ m['content'] }}<|end|>"
    "{% else %}<|start|>assistant<|channel|>final<|message|>{{ m['content'] }}"
    "{{ '<|return|>' if loop.last else '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
LLAMA = _turns(
    "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
)  # fmt: skip
GEMMA = _turns("<start_of_turn>", "\n", "<end_of_turn>\n", "<start_of_turn>model\n")
PHI = _turns("<|", "|>\n", "<|end|>\n", "<|assistant|>\n")
MISTRAL = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
)
EXAONE = _turns("[|", "|]", "[|endofturn|]\n", "[|assistant|]")
ALPACA = (
    "{% for m in messages %}{{ '### Instruction:\n' if m['role'] == 'user' else '### Response:\n' }}"
    "{{ m['content'] }}\n\n{% endfor %}{% if add_generation_prompt %}### Response:\n{% endif %}"
)
VICUNA = (
    "{% for m in messages %}{{ 'USER: ' if m['role'] == 'user' else 'ASSISTANT: ' }}{{ m['content'] }}\n"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT: {% endif %}"
)
