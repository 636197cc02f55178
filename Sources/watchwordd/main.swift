print("watchwordd")
