# R's own numbers for lab 1. Run in this folder: Rscript r_reference.R
set.seed(42)
stream <- c(rnorm(8), runif(4))
write.csv(
  data.frame(draw = c(paste0("rnorm", 1:8), paste0("runif", 1:4)), value = sprintf("%.17g", stream)),
  "r_stream_seed42.csv", row.names = FALSE, quote = FALSE
)

n <- 500
p <- 10
beta <- c(2, -1, 0.5, rep(0, 7))
set.seed(42)
X <- matrix(rnorm(n * p), n, p)
y <- as.numeric(X %*% beta + rnorm(n, 0, 0.5))

w <- rep(0, p)
losses <- numeric(200)
for (step in 1:200) {
  residual <- as.numeric(y - X %*% w)
  losses[step] <- mean(residual^2)
  w <- w + 0.01 * 2 / n * as.numeric(t(X) %*% residual)
}
write.csv(
  data.frame(step = 1:200, loss = sprintf("%.17g", losses)),
  "r_linear_seed42_losses.csv", row.names = FALSE, quote = FALSE
)

ols <- summary(lm(y ~ X - 1))$coefficients
write.csv(
  data.frame(
    feature = 1:p, truth = beta, gradient_descent = sprintf("%.17g", w),
    ols = sprintf("%.17g", ols[, 1]), ols_se = sprintf("%.17g", ols[, 2])
  ),
  "r_linear_seed42_coefficients.csv", row.names = FALSE, quote = FALSE
)
