"""Lotsenbot: a newcomer asks, the reviewed FAQ answers, and a human guide takes over when it is not sure.

The normal way of one message: ``channels`` parse, ``service`` loads, ``intents`` understands, ``decide`` decides,
``compose`` words it, ``store`` saves, ``turns`` delivers. ``app`` puts the parts together.
"""
