"""Promises of Lotsenbot, kept through its public doors."""
