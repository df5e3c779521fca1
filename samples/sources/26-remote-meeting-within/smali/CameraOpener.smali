# Opens the camera. The sample is never run; the call is there to be found.
.class public final Lcn/piscope/sample/meeting/gongxi/CameraOpener;
.super Ljava/lang/Object;

.method public static read(Landroid/content/Context;)V
    .locals 1
    invoke-static {}, Landroid/hardware/Camera;->open()Landroid/hardware/Camera;
    move-result-object v0
    return-void
.end method
