# Bears the name of a packer's application class, and does nothing.
.class public Lcom/stub/StubApp;
.super Landroid/app/Application;

.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/app/Application;-><init>()V
    return-void
.end method
