# Opens the microphone. The sample is never run; the call is there to be found.
.class public final Lcn/piscope/sample/yongche/anxin/SoundRecorder;
.super Ljava/lang/Object;

.method public static read(Landroid/content/Context;)V
    .locals 2
    new-instance v0, Landroid/media/MediaRecorder;
    invoke-direct {v0}, Landroid/media/MediaRecorder;-><init>()V
    const/4 v1, 0x1
    invoke-virtual {v0, v1}, Landroid/media/MediaRecorder;->setAudioSource(I)V
    return-void
.end method
