"""Has another machine print ``Hello, World`` backwards, and verifies its receipt here.

python examples/remote.py hello.wasm https://heavy.example
"""

import sys

import formix

module = sys.argv[1] if len(sys.argv) > 1 else "hello.wasm"
url = sys.argv[2] if len(sys.argv) > 2 else None
client = formix.Client(url)
job = client.submit(module)
result = job.result(timeout=120, progress=lambda status: print(status, file=sys.stderr))
print(result.text, end="")

# `result` has verified every receipt already. This is how somebody does who has the documents alone.
for document in result.documents:
    receipt = formix.verify_receipt(document.to_json(), manifest=job.envelope, stdout=result.stdout)
    print(f"run by {receipt.node}", file=sys.stderr)
print("Receipt verified")
