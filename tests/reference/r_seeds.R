# Made with R 4.2.2: Rscript r_seeds.R > r_seeds.csv
cat("seed,rnorm1,rnorm2,rnorm3,runif1,runif2\n")
for (seed in c(-2147483647L, -42L, -1L, 0L, 1L, 123L, 2147483647L)) {
  set.seed(seed)
  cat(seed, sprintf("%.17g", c(rnorm(3), runif(2))), sep = ",")
  cat("\n")
}
