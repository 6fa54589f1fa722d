"""One run on many machines: engines in actors of Ray, which label the run's shards.

`connection` starts or joins Ray and says what each replica may have of it, `replica` is what runs
inside an actor, and `labeling` gives out the shards and tries again what died.
Ray is imported in `connection` and `labeling` alone, and only when a run asks for it.
"""
