# R's kernel smoother, for lab 16: writes r_ksmooth.csv beside this script.
#
#     Rscript data/r_ksmooth.R
#
# ksmooth puts the quartiles of its normal kernel at a quarter of the bandwidth to either side, so that
# the kernel's standard deviation is 0.3706506 times the bandwidth (the constant of its C code), and
# gives no weight beyond four standard deviations.
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
x <- c(-1.9, -1.6, -1.1, -0.9, -0.4, -0.3, 0.1, 0.2, 0.8, 1.0, 1.3, 1.5, 1.9)
y <- c(0.3, -0.2, -1.1, -0.7, -0.8, -0.1, 0.4, 0.1, 1.2, 0.6, 1.1, 0.9, 0.2)
at <- seq(-1.8, 1.8, by = 0.6)
rows <- data.frame(bandwidth = 0, x = x, y = y)
for (bandwidth in c(1, 2)) {
  smooth <- ksmooth(x, y, "normal", bandwidth, x.points = at)
  rows <- rbind(rows, data.frame(bandwidth = bandwidth, x = smooth$x, y = smooth$y))
}
rows <- data.frame(row = seq_len(nrow(rows)), lapply(rows, function(v) sprintf("%.17g", v)))
write.csv(rows, file.path(folder, "r_ksmooth.csv"), row.names = FALSE, quote = FALSE)
