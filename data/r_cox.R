# What R says of Cox regression on the two cohorts (lab 13).  Rscript r_cox.R, in this folder; needs the packages survival and pec
library(survival)
suppressMessages(library(pec))

covariates <- function(cohort, over20, over50) with(cohort, data.frame(
  age10 = age / 10, menopause = meno, over20 = as.numeric(over20), over50 = as.numeric(over50), grade3 = as.numeric(grade == 3),
  log_nodes = log(nodes), log_pgr = log1p(pgr), log_er = log1p(er), hormone = hormon, time = time, status = status
))
rotterdam <- subset(read.csv("rotterdam.csv"), nodes > 0)
gbsg <- read.csv("gbsg.csv")
train <- with(rotterdam, covariates(rotterdam, size != "<=20", size == ">50"))
test <- with(gbsg, covariates(gbsg, size > 20, size > 50))

fits <- lapply(c(breslow = "breslow", efron = "efron"), function(ties) coxph(Surv(time, status) ~ ., train, ties = ties, x = TRUE))
column <- function(fit) {
  test$score <- as.vector(as.matrix(test[names(coef(fit))]) %*% coef(fit))
  inside <- concordance(fit)
  outside <- concordance(Surv(time, status) ~ score, test, reverse = TRUE)
  slope <- coxph(Surv(time, status) ~ score, test, ties = fit$method)
  hazard <- basehaz(fit, centered = FALSE)
  baseline <- exp(-approx(hazard$time, hazard$hazard, 365.25 * 1:5, "constant")$y)
  curve <- summary(survfit(Surv(time, status) ~ 1, test), times = 365.25 * 1:5)
  five <- 365.25 * 5
  survival <- matrix(baseline[5]^exp(test$score))
  scores <- pec(list(cox = cbind(1, survival)), Surv(time, status) ~ 1, test, times = c(0, five), exact = FALSE,
    cens.model = "marginal", verbose = FALSE, reference = TRUE)
  c(
    null_log_likelihood = fit$loglik[1], log_likelihood = fit$loglik[2],
    setNames(coef(fit), paste0("coef_", names(coef(fit)))),
    setNames(sqrt(diag(vcov(fit))), paste0("se_", names(coef(fit)))),
    c_training = unname(inside$concordance), c_gbsg = unname(outside$concordance), c_gbsg_se = sqrt(outside$var),
    slope_gbsg = unname(coef(slope)), slope_gbsg_se = sqrt(vcov(slope)[1, 1]),
    setNames(baseline, paste0("baseline_", 1:5)),
    setNames(curve$surv, paste0("km_gbsg_", 1:5)), setNames(curve$std.err, paste0("km_gbsg_se_", 1:5)),
    brier_gbsg_5 = scores$AppErr$cox[2], brier_gbsg_5_km = scores$AppErr$Reference[2]
  )
}
values <- sapply(fits, column)
writeLines(c("quantity,breslow,efron", sprintf("%s,%.15g,%.15g", rownames(values), values[, 1], values[, 2])), "r_cox.csv")
