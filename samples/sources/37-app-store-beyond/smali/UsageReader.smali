# Reads which apps were used, and when. The sample is never run; the call is there to be found.
.class public final Lcn/piscope/sample/appstore/xingxuan/UsageReader;
.super Ljava/lang/Object;

.method public static read(Landroid/content/Context;)V
    .locals 6
    const-string v0, "usagestats"
    invoke-virtual {p0, v0}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/app/usage/UsageStatsManager;
    const/4 v1, 0x0
    const-wide/16 v2, 0x0
    invoke-static {}, Ljava/lang/System;->currentTimeMillis()J
    move-result-wide v4
    invoke-virtual/range {v0 .. v5}, Landroid/app/usage/UsageStatsManager;->queryUsageStats(IJJ)Ljava/util/List;
    return-void
.end method
