# Lists the installed packages. The sample is never run; the call is there to be found.
.class public final Lcn/piscope/sample/reader/moxiang/AppListReader;
.super Ljava/lang/Object;

.method public static read(Landroid/content/Context;)V
    .locals 2
    invoke-virtual {p0}, Landroid/content/Context;->getPackageManager()Landroid/content/pm/PackageManager;
    move-result-object v0
    const/4 v1, 0x0
    invoke-virtual {v0, v1}, Landroid/content/pm/PackageManager;->getInstalledPackages(I)Ljava/util/List;
    return-void
.end method
