// Written by `python -m course.explorers.write`: the curvatures, the start, Adam's rate and the tolerance of lab 10's valley
explorers.data.valley = {"curvatures":[1.0,25.0],"start":[-4.0,1.0],"adam":0.1,"tolerance":0.001,"steps":400};
