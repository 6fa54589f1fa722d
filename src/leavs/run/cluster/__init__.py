"""One run on many machines: the chain in a pool of Ray actors, the journal on the driver.

`orders` says what is to be labeled, `worker` labels it inside an actor, `session` starts or joins
Ray, `pool` is the Ray Data pipeline between them, and `labeling` takes what comes out of it.
Ray is imported in `session` and `pool` alone, and only when a run asks for it.
"""
