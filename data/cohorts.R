# Write rotterdam.csv and gbsg.csv from R's package survival, with recurrence-free survival in both.  Rscript cohorts.R, in this folder;
# then update SHA256SUMS
library(survival)

# Death without recurrence is an event of recurrence-free survival, except where the patient died after her follow-up for recurrence
# had ended (43 patients): nobody knows whether she was free of it till then, so she is censored at the end of that follow-up.
late <- with(rotterdam, recur == 0 & death == 1 & rtime < dtime)
rotterdam$time <- with(rotterdam, ifelse(recur == 1 | late, rtime, dtime))
rotterdam$status <- with(rotterdam, as.integer(recur == 1 | (death == 1 & !late)))
gbsg <- data.frame(gbsg[names(gbsg) != "status"], time = gbsg$rfstime, status = gbsg$status)

write.csv(rotterdam, "rotterdam.csv", row.names = FALSE, quote = FALSE, eol = "\n")
write.csv(gbsg, "gbsg.csv", row.names = FALSE, quote = FALSE, eol = "\n")
