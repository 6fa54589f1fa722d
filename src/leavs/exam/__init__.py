"""Examines a model on questions with known answers: `leavs exam`.

items -> questions -> scores -> sitting -> result -> sheets -> page; `earlier` reads what was
written before. An item is one question of one step of the chain, and is put to the engine by the
step's own functions, as a run would put it.
"""
