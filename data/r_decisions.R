# R's glm, isoreg and order statistics, to which lab 14 is held.  Rscript r_decisions.R, in this folder
rand <- read.csv("rand_hie.csv")
rand$health[rand$health == "poor"] <- "fair"
rand$health <- factor(rand$health, c("excellent", "good", "fair"))
full <- glm(visits > 0 ~ ., binomial, data = rand)
some <- rand[1:300, ]
score <- some$chronic_diseases / 10 + (1:300) / 1e4 # no two alike
event <- as.numeric(some$visits > 0)
fit <- glm(event ~ score, binomial, control = glm.control(epsilon = 1e-14))
rising <- isoreg(score, event)$yf # in the order of the score
ranks <- sort(abs(some$visits - 3 + score / 10))
values <- c(
  deviance = full$deviance, null_deviance = full$null.deviance,
  intercept = coef(fit)[[1]], slope = coef(fit)[[2]],
  rising_first = rising[1], rising_middle = rising[150], rising_squares = sum(rising^2),
  halfwidth = ranks[ceiling(301 * 9 / 10)]
)
writeLines(c("quantity,value", sprintf("%s,%.15g", names(values), values)), "r_decisions.csv")
