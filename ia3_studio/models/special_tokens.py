"""Which tokens pad a batch and begin a decoder's text, where a model's files do not say?"""

from __future__ import annotations

from typing import Any

from ia3_studio.models.limits import ModelLimits


def settle_padding(tokenizer: Any, limits: ModelLimits) -> tuple[str, ...]:
    """Give a tokenizer a padding token that the model has a row for. **Changes the tokenizer**; return what to say.

    Padding is masked, so any token serves. The end token, which most models without a padding token pad with, needs no
    word.
    """
    named = tokenizer.pad_token_id
    if named is not None and not limits.beyond([named]):
        return ()
    chosen = _padding(tokenizer, limits)
    if chosen is None:
        return ("The tokenizer has no padding token, so rows are processed one by one.",)
    was = tokenizer.pad_token
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(chosen)
    if was is None and chosen == tokenizer.eos_token_id:
        return ()
    why = (
        "no padding token"
        if was is None
        else (f"{was} as its padding token, which has no row in the model's embedding")
    )
    return (f"The tokenizer has {why}; rows are padded with {tokenizer.pad_token} ({chosen}), which is masked.",)


def _padding(tokenizer: Any, limits: ModelLimits) -> int | None:
    """Return a token to pad with: a special one, else the last one of the vocabulary, which texts hold least."""
    named = ("eos_token_id", "unk_token_id", "bos_token_id", "sep_token_id", "cls_token_id")
    offered = [getattr(tokenizer, name, None) for name in named]
    offered += sorted((number for number in tokenizer.get_vocab().values() if isinstance(number, int)), reverse=True)
    return next((int(each) for each in offered if each is not None and not limits.beyond([each])), None)


def settle_decoder(model: Any, tokenizer: Any) -> tuple[str, ...]:
    """Tell an encoder-decoder how its decoder begins, where its config does not. **Changes the config.**

    Returns:
        What to say.
    """
    config, generation = model.config, getattr(model, "generation_config", None)
    if not getattr(config, "is_encoder_decoder", False):
        return ()
    if getattr(config, "pad_token_id", None) is None and tokenizer is not None:
        config.pad_token_id = tokenizer.pad_token_id
    if getattr(config, "decoder_start_token_id", None) is not None:
        return ()
    said = getattr(generation, "decoder_start_token_id", None)
    if isinstance(said, int):
        config.decoder_start_token_id = said
        return ()
    offered = (getattr(config, "bos_token_id", None), config.pad_token_id, getattr(config, "eos_token_id", None))
    begin = next((each for each in offered if isinstance(each, int)), 0)
    config.decoder_start_token_id = begin
    if generation is not None:
        generation.decoder_start_token_id = begin
    name = tokenizer.convert_ids_to_tokens(begin) if tokenizer is not None else ""
    return (f"The model's config has no decoder start token; its decoder starts with {name} ({begin}).",)
