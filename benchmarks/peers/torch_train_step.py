"""Milliseconds of a supervised and of a DPO step in PyTorch: 4 layers of width 128, 16 examples of 64 tokens."""
import json
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

steps, warm_up, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=256, hidden_size=128, intermediate_size=384, num_hidden_layers=4, num_attention_heads=4,
    num_key_value_heads=4, tie_word_embeddings=True, max_position_embeddings=64,
)


def logps(model, tokens):
    logits = model(input_ids=tokens).logits[:, :-1]
    return torch.gather(torch.log_softmax(logits, -1), 2, tokens[:, 1:, None])[..., 0]


def supervised(model):
    return -logps(model, torch.randint(0, 256, (16, 64))).mean()


def dpo(model):
    prompts = torch.randint(0, 256, (16, 1, 32)).expand(16, 2, 32)
    tokens = torch.cat([prompts, torch.randint(0, 256, (16, 2, 32))], -1).reshape(32, 64)
    sums = logps(model, tokens)[:, 31:].sum(-1).view(16, 2)
    reference = torch.full((16, 2), -170.0)
    margins = (sums - reference)[:, 0] - (sums - reference)[:, 1]
    return -torch.nn.functional.logsigmoid(0.1 * margins).mean()


result = {}
for name, loss in {"supervised": supervised, "dpo": dpo}.items():
    model = LlamaForCausalLM(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    times = []
    for _ in range(warm_up + steps):
        start = time.perf_counter()
        value = loss(model)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        value.item()
        times.append(1000 * (time.perf_counter() - start))
    times = sorted(times[warm_up:])
    result[name] = times[len(times) // 2]
print(json.dumps(result))
