"""One run on many machines: engines in actors of Ray, which label the run's shards.

`replica` runs inside an actor, and `labeling` gives out the shards and retries those of replicas
that died. Ray is imported only when a run uses it.
"""
