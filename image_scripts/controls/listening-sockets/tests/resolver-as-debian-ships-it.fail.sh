# It answers LLMNR on every interface.
:
