# Sees what is on the screen of every app once the user switches it on.
.class public Lcn/piscope/sample/study/tihai/ScreenService;
.super Landroid/accessibilityservice/AccessibilityService;

.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/accessibilityservice/AccessibilityService;-><init>()V
    return-void
.end method

.method public onAccessibilityEvent(Landroid/view/accessibility/AccessibilityEvent;)V
    .locals 0
    return-void
.end method

.method public onInterrupt()V
    .locals 0
    return-void
.end method
