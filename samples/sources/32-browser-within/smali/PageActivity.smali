# Shows a web page.
.class public Lcn/piscope/sample/browser/qingzhou/PageActivity;
.super Landroid/app/Activity;

.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method
