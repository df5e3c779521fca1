# Reads the IMEI. The sample is never run; the call is there to be found.
.class public final Lcn/piscope/sample/pay/suishou/DeviceIdReader;
.super Ljava/lang/Object;

.method public static read(Landroid/content/Context;)V
    .locals 1
    const-string v0, "phone"
    invoke-virtual {p0, v0}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/telephony/TelephonyManager;
    invoke-virtual {v0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    return-void
.end method
