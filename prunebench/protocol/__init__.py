"""The paper as specs: its tables, arms, recipes, penalties and budgets, and what stands for them in each tier.

Says what is to be computed and computes nothing.
"""
