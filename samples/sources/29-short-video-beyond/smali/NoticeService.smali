# Sees the notifications of every app once the user switches it on.
.class public Lcn/piscope/sample/shortvideo/yike/NoticeService;
.super Landroid/service/notification/NotificationListenerService;

.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/service/notification/NotificationListenerService;-><init>()V
    return-void
.end method
