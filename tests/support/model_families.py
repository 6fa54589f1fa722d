"""Tokenizers of the usual model families, with their chat templates.

Those of Mistral are the real ones, out of the package mistral_common, and those of KINDS in
real_tokenizers.py with their templates. The others are made here as the families make them
(normalizer, pre-tokenizer, model, decoder, added tokens), with a vocabulary learned from a few
sentences, and the templates are written for these tests in the families' form.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from real_tokenizers import deepseek_r1, real

with warnings.catch_warnings():  # transformers warns at import of what it may deprecate
    warnings.simplefilter("ignore")
    import transformers

CORPUS = [
    "The liver has a 2 cm cyst in segment 4. The spleen is normal in size.",
    "You read reports. Both kidneys enhance well. It is normal in size. What is said?",
    "Answer with one letter only: (A) or (B). im_start im_end system user assistant model turn",
] * 20
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"

CHATML = """{%- if messages[0].role == 'system' -%}
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif -%}
{%- for m in messages if m.role != 'system' -%}
{%- set content = m.content -%}
{%- if m.role == 'assistant' and '</think>' in content -%}
{%- set content = content.split('</think>')[-1] -%}{%- endif -%}
{{- '<|im_start|>' + m.role + '\\n' + content + '<|im_end|>\\n' }}{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' }}{%- endif -%}"""
LLAMA_3 = """{%- for m in messages -%}
{%- set content = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' -%}
{%- set content = content + m['content'] | trim + '<|eot_id|>' -%}
{%- if loop.index0 == 0 -%}{%- set content = bos_token + content -%}{%- endif -%}
{{- content }}{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif -%}"""
ALTERNATING = """{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}
{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') -}}
{%- endif -%}"""
GEMMA = (
    """{{- bos_token -}}{%- if messages[0]['role'] == 'system' -%}
{{- raise_exception('System role not supported') -}}{%- endif -%}{%- for m in messages -%}"""
    + ALTERNATING
    + """{%- set role = 'model' if m['role'] == 'assistant' else m['role'] -%}
{{- '<start_of_turn>' + role + '\\n' + m['content'] | trim + '<end_of_turn>\\n' }}{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' }}{%- endif -%}"""
)
GEMMA_3 = """{{- bos_token -}}{%- set first = '' -%}{%- set turns = messages -%}
{%- if messages[0]['role'] == 'system' -%}{%- set first = messages[0]['content'] + '\\n\\n' -%}
{%- set turns = messages[1:] -%}{%- endif -%}{%- for m in turns -%}""" + GEMMA.split(
    "{%- for m in messages -%}"
)[1].replace("m['content'] | trim", "(first if loop.first else '') + m['content'] | trim")
MISTRAL = (
    "{{- bos_token -}}{%- for m in messages -%}"
    + ALTERNATING
    + """{%- if m['role'] == 'user' -%}{{- '[INST] ' + m['content'] + ' [/INST]' -}}
{%- elif m['role'] == 'assistant' -%}{{- m['content'] + eos_token -}}{%- else -%}
{{- raise_exception('Only user and assistant roles are supported!') -}}{%- endif -%}
{%- endfor -%}"""
)
# Here the instructions go to the last turn of the user, wherever that is.
MISTRAL_3 = """{%- set told = '' -%}{%- set turns = messages -%}
{%- if messages[0]['role'] == 'system' -%}{%- set told = messages[0]['content'] + '\\n\\n' -%}
{%- set turns = messages[1:] -%}{%- endif -%}{{- bos_token -}}{%- for m in turns -%}
{%- if m['role'] == 'user' -%}
{{- '[INST] ' + (told if loop.last else '') + m['content'] + '[/INST]' -}}
{%- else -%}{{- ' ' + m['content'] | trim + eos_token -}}{%- endif -%}{%- endfor -%}"""
TEKKEN = """{{- bos_token -}}{%- for m in messages -%}{%- if m['role'] == 'system' -%}
{{- '[SYSTEM_PROMPT]' + m['content'] + '[/SYSTEM_PROMPT]' -}}{%- elif m['role'] == 'user' -%}
{{- '[INST]' + m['content'] + '[/INST]' -}}{%- else -%}{{- m['content'] + eos_token -}}
{%- endif -%}{%- endfor -%}"""
LLAMA_2 = """{%- set told = '' -%}{%- set turns = messages -%}
{%- if messages[0]['role'] == 'system' -%}{%- set turns = messages[1:] -%}
{%- set told = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' -%}{%- endif -%}
{%- for m in turns -%}{%- if m['role'] == 'user' -%}
{{- bos_token + '[INST] ' + (told if loop.first else '') + m['content'] | trim + ' [/INST]' -}}
{%- else -%}{{- ' ' + m['content'] | trim + ' ' + eos_token -}}{%- endif -%}{%- endfor -%}"""
FOUND_IN_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def with_template(tokenizer: Tokenizer, template: str, **special: str) -> Any:
    """A tokenizer as transformers has it."""
    tokens = {f"{name}_token": token for name, token in special.items()}
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)
    wrapped.chat_template = template
    return wrapped


def byte_level(controls: Mapping[str, bool], ignore_merges: bool = False) -> Tokenizer:
    """Byte-level BPE, as of Qwen and Llama 3.

    Args:
        controls: added tokens, and whether they are marked special.
    """
    tokenizer = Tokenizer.from_str(_learned(ignore_merges))
    for token, special in controls.items():
        tokenizer.add_tokens([AddedToken(token, normalized=False, special=special)])
    return tokenizer


@cache
def _learned(ignore_merges: bool) -> str:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer.to_str()


def qwen() -> Any:
    """ChatML; some of its added tokens are not special."""
    special = dict.fromkeys(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|box_end|>"], True)
    others = dict.fromkeys(["<tool_call>", "</tool_call>", "<think>", "</think>"], False)
    tokenizer = byte_level(special | others)
    tokenizer.normalizer = normalizers.NFC()
    return with_template(tokenizer, CHATML, eos="<|im_end|>", pad="<|endoftext|>")


def llama_3() -> Any:
    """Headers of turns; the tokenizer adds a beginning of its own, and takes words as they are."""
    names = "begin_of_text end_of_text start_header_id end_header_id eot_id eom_id python_tag"
    controls = [f"<|{name}|>" for name in names.split()]
    tokenizer = byte_level(dict.fromkeys(controls, True), ignore_merges=True)
    begin = (controls[0], tokenizer.token_to_id(controls[0]))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{controls[0]} $A", special_tokens=[begin]
    )
    return with_template(tokenizer, LLAMA_3, bos=controls[0], eos="<|eot_id|>")


def sentence_pieces() -> Tokenizer:
    """BPE over pieces with ▁ for a space and bytes for what is not known, as of Gemma; its control
    tokens stand in the vocabulary, and runs of white space are added tokens too."""
    learned = Tokenizer(models.BPE())
    learned.normalizer = normalizers.Replace(" ", "▁")
    learned.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trainer = trainers.BpeTrainer(vocab_size=400, show_progress=False)
    learned.train_from_iterator(CORPUS, trainer)
    model = json.loads(learned.to_str())["model"]
    controls = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"]
    controls += ["[@BOS@]", "<unused0>", "<table>", "<h1>"]
    spaces = ["\n", "\n\n", "▁▁", "▁▁▁"]
    words = [*controls, *spaces, *FOUND_IN_BYTES, "▁", *model["vocab"]]
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys(words))}
    merges = [("▁", "▁"), ("▁▁", "▁"), *map(tuple, model["merges"])]
    bpe = models.BPE(vocabulary, merges, byte_fallback=True, fuse_unk=True)
    bpe.unk_token = controls[3]
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    for place, token in enumerate(controls + spaces):
        added = AddedToken(token, normalized=False, special=place < len(controls) - 2)
        tokenizer.add_tokens([added])
    return tokenizer


def gemma() -> Any:
    """No system role, and roles that must alternate."""
    return with_template(sentence_pieces(), GEMMA, bos="<bos>", eos="<eos>")


def gemma_3() -> Any:
    """The template puts the instructions into the first turn itself."""
    return with_template(sentence_pieces(), GEMMA_3, bos="<bos>", eos="<eos>")


def unigram() -> Any:
    """As Llama 2's turns over Unigram, in whose vocabulary control tokens are words of the best
    score; every piece begins with a space."""
    learned = Tokenizer(models.Unigram())
    learned.pre_tokenizer = pre_tokenizers.Metaspace()
    unknown = "<unk>"
    trainer = trainers.UnigramTrainer(vocab_size=150, unk_token=unknown, show_progress=False)
    learned.train_from_iterator(CORPUS, trainer)
    vocabulary = json.loads(learned.to_str())["model"]["vocab"]
    pieces = [(unknown, 0.0), ("<s>", 0.0), ("</s>", 0.0)]
    pieces += [(byte, -20.0) for byte in FOUND_IN_BYTES]
    known = {piece for piece, _ in pieces}
    pieces += [(piece, score) for piece, score in vocabulary if piece not in known]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    for token in (unknown, "<s>", "</s>"):
        tokenizer.add_special_tokens([AddedToken(token, normalized=False)])
    return with_template(tokenizer, LLAMA_2, bos="<s>", eos="</s>")


def mistral(name: str, template: str) -> Callable[[Path], Any]:
    """A tokenizer that Mistral published."""

    def load(folder: Path) -> Any:
        if find_spec("mistral_common") is None:
            pytest.skip("mistral_common, which comes with vLLM, is not here")
        [data] = find_spec("mistral_common").submodule_search_locations  # type: ignore[union-attr]
        kind = "tekken.json" if name.startswith("tekken") else "tokenizer.model"
        folder.mkdir()
        shutil.copy(Path(data) / "data" / name, folder / kind)
        if kind == "tekken.json":
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            tokenizer.bos_token, tokenizer.eos_token = "<s>", "</s>"
        else:
            tokenizer = transformers.LlamaTokenizer.from_pretrained(folder)
        tokenizer.chat_template = template
        return tokenizer

    return load


FAMILIES: Mapping[str, Callable[[Path], Any]] = {
    "Qwen": lambda _: qwen(),
    "Llama 3": lambda _: llama_3(),
    "Gemma": lambda _: gemma(),
    "Gemma 3": lambda _: gemma_3(),
    "Mistral": mistral("tokenizer.model.v1", MISTRAL),
    "Mistral 3": mistral("mistral_instruct_tokenizer_240323.model.v3", MISTRAL_3),
    "Mistral Tekken": mistral("tekken_240911.json", TEKKEN),
    "Unigram": lambda _: unigram(),
    "real Qwen 3": lambda _: real("qwen3"),
    "real Gemma 3": lambda _: real("gemma3"),
    "real Llama 3.1": lambda _: real("llama3_1"),
    "real DeepSeek V3": lambda _: real("deepseek_v3"),
}
# Those that think, as they are asked when they do
THINKING: Mapping[str, Callable[[Path], Any]] = {
    "real Qwen 3": lambda _: real("qwen3"),
    "real DeepSeek R1": deepseek_r1,
}
