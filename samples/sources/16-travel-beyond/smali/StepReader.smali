# Asks for the step counter. The sample is never run; the call is there to be found.
.class public final Lcn/piscope/sample/lvyou/zizai/StepReader;
.super Ljava/lang/Object;

.method public static read(Landroid/content/Context;)V
    .locals 2
    const-string v0, "sensor"
    invoke-virtual {p0, v0}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/hardware/SensorManager;
    const/16 v1, 0x13
    invoke-virtual {v0, v1}, Landroid/hardware/SensorManager;->getDefaultSensor(I)Landroid/hardware/Sensor;
    return-void
.end method
