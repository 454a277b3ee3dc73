"""What is wrong in the Paddle at hand, reproduced: each known defect, before and after.

`defects/` holds them, one module an operator; `diagnosis.examine` runs them, each in a child
process, and `python -m paddlemend doctor` shows the result. The tests of the kernels run the same
defects in every mode of execution.
"""
