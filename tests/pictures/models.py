"""Models as they are before training: what a picture shows of them is known from their parameters."""

import jax

import backlit as bl


def untrained(network, *data, seed=0, **settings):
    """The model of a run that made no step, preprocessing fitted."""
    run = bl.prepare(network, *data, **settings)
    parameters, state = run.initialize(jax.random.key(seed))
    return bl.Model(
        network=run.network,
        input_shape=run.input_shape,
        schema=run.parts.schema,
        loss=run.loss,
        parameters=parameters,
        state=state | run.fitted,
        settings=run.settings,
    )
