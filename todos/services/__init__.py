"""Writes: each verb locks its owner, locks the row, changes it, and publishes the fact as its last statement."""
