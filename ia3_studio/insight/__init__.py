"""What was learned, in numbers and figures. Figures see plain numbers, never a run or a tensor."""
