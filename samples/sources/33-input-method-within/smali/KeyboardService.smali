# The keyboard.
.class public Lcn/piscope/sample/inputmethod/moyun/KeyboardService;
.super Landroid/inputmethodservice/InputMethodService;

.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/inputmethodservice/InputMethodService;-><init>()V
    return-void
.end method
