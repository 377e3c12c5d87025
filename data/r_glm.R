# What R's glm says of any visit in the RAND Health Insurance Experiment (lab 9).  Rscript r_glm.R, in this folder
rand <- read.csv("rand_hie.csv")
owed <- ifelse(rand$log_deductible_usd > 0, exp(rand$log_deductible_usd), 0)
X <- data.frame(
  coinsurance = expm1(rand$log_coinsurance), incentive = exp(rand$log_incentive_usd), deductible = owed,
  individual = rand$individual_deductible, limitation = rand$physical_limitation, diseases = rand$chronic_diseases,
  good = rand$health == "good", fair = rand$health == "fair", poor = rand$health == "poor"
)
fit <- glm(rand$visits > 0 ~ ., binomial, data = X)
values <- c(iterations = fit$iter, deviance = fit$deviance)
writeLines(c("quantity,value", sprintf("%s,%.15g", names(values), values)), "r_glm.csv")
