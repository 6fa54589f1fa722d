"""One run on many machines: engines in actors of Ray, which label the run's shards.

`connection` starts or joins Ray and computes the resources of each replica, `replica` runs inside
an actor, and `labeling` gives out the shards and retries those of replicas that died.
Ray is imported in `connection` and `labeling` alone, and only when a run uses it.
"""
