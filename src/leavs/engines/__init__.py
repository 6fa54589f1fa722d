"""Language models behind one seam: a conversation goes in, a reply comes out."""
