"""Timings and rates with budgets, against baselines that import nothing of ours."""
